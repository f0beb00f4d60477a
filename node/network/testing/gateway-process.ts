/**
 * A router in a process of its own, as far as UPnP goes: an Internet Gateway Device of version 2, which answers
 * searches by SSDP, describes itself, and forwards ports when it is asked by SOAP (UPnP Device Architecture 1.1;
 * WANIPConnection:2). Its one argument is the IPv4 address of its inner side. It tells its parent every change.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A port of the outer side, and where it leads. */
export interface PortMapping {
  protocol: string;
  externalPort: number;
  internalClient: string;
  internalPort: number;
  description: string;
  /** Seconds. */
  lease: number;
}

export type GatewayMessage = { ready: true } | { mappings: readonly PortMapping[] };

const ssdp = { address: '239.255.255.250', port: 1900 } as const;
const deviceType = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2';
const serviceType = 'urn:schemas-upnp-org:service:WANIPConnection:2';
const id = 'uuid:0f6a1c52-6b0c-4d3e-9a59-1d1f7c1e5a01';
/** Of MCAST-TEST-NET (RFC 5771): nobody's, and not among the private ones, behind which no port is forwarded. */
const outerAddress = '233.252.0.1';

const [, , innerAddress = ''] = process.argv;
const mappings = new Map<number, PortMapping>();
const tell = (message: GatewayMessage) => process.send?.(message);

/** The services lie two devices deep, as the standard has them. */
const description = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0">
  <specVersion><major>1</major><minor>1</minor></specVersion>
  <device>
    <deviceType>${deviceType}</deviceType>
    <friendlyName>Router</friendlyName>
    <UDN>${id}</UDN>
    <deviceList><device>
      <deviceType>urn:schemas-upnp-org:device:WANDevice:2</deviceType>
      <deviceList><device>
        <deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:2</deviceType>
        <serviceList><service>
          <serviceType>${serviceType}</serviceType>
          <serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
          <SCPDURL>/service.xml</SCPDURL>
          <controlURL>/control</controlURL>
          <eventSubURL>/events</eventSubURL>
        </service></serviceList>
      </device></deviceList>
    </device></deviceList>
  </device>
</root>`;

type Arguments = (name: string) => string;

/** What an action does, and the values that it answers with. */
const actions: Readonly<Record<string, (argument: Arguments) => Record<string, string | number>>> = {
  GetExternalIPAddress: () => ({ NewExternalIPAddress: outerAddress }),
  AddAnyPortMapping(argument) {
    const externalPort = Number(argument('NewExternalPort'));
    mappings.set(externalPort, {
      protocol: argument('NewProtocol'),
      externalPort,
      internalClient: argument('NewInternalClient'),
      internalPort: Number(argument('NewInternalPort')),
      description: argument('NewPortMappingDescription'),
      lease: Number(argument('NewLeaseDuration')),
    });
    return { NewReservedPort: externalPort };
  },
  // By its port alone: the client that is tested leaves the protocol empty.
  DeletePortMapping(argument) {
    mappings.delete(Number(argument('NewExternalPort')));
    return {};
  },
};

async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const name = /#(\w+)"$/.exec(`${request.headers.soapaction}`)?.[1] ?? '';
  const values = actions[name]?.((argument) => new RegExp(`<${argument}>(.*?)<`).exec(body)?.[1] ?? '');
  if (values === undefined) {
    response.writeHead(500).end();
    return;
  }
  const fields = Object.entries(values).map(([field, value]) => `<${field}>${value}</${field}>`);
  response.writeHead(200, { 'content-type': 'text/xml' }).end(
    `<?xml version="1.0"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<u:${name}Response xmlns:u="${serviceType}">${fields.join('')}</u:${name}Response>
</s:Body></s:Envelope>`,
  );
  tell({ mappings: [...mappings.values()] });
}

const server = createServer((request, response) => {
  if (request.url === '/control') void control(request, response);
  else if (request.url === '/description.xml')
    response.setHeader('content-type', 'text/xml').end(description);
  else response.writeHead(404).end();
});
server.listen(0, innerAddress);
await once(server, 'listening');
const location = `http://${innerAddress}:${(server.address() as AddressInfo).port}/description.xml`;

const socket = createSocket('udp4');
socket.on('message', (message, sender) => {
  const search = message.toString();
  if (!search.startsWith('M-SEARCH ') || !search.includes(deviceType)) return;
  const headers = [
    'HTTP/1.1 200 OK',
    'CACHE-CONTROL: max-age=1800',
    'EXT:',
    `LOCATION: ${location}`,
    'SERVER: Test UPnP/1.1 Router/1',
    `ST: ${deviceType}`,
    `USN: ${id}::${deviceType}`,
  ];
  socket.send(`${headers.join('\r\n')}\r\n\r\n`, sender.port, sender.address);
});
socket.bind(ssdp.port);
await once(socket, 'listening');
socket.addMembership(ssdp.address, innerAddress);

process.on('disconnect', () => process.exit());
tell({ ready: true });
