import { resolve } from 'node:path';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { findRunningNode } from '../api/client.ts';
import type { JobEvent, JobOrder } from '../job-queue/index.ts';
import type { ProveReport } from '../prove.ts';
import { type ReportForPrograms, reportFromPrograms } from '../prove-report.ts';
import type { JobRequest } from '../requester/job.ts';
import { nodeFiles } from '../store/node-files.ts';
import type { Context } from './context.ts';
import { type ProverFlags, readyProvers, withTessera } from './tessera.ts';

export interface NetworkFlags extends ProverFlags {
  bootstrap?: readonly string[];
  invite?: readonly string[];
}

/** `tessera prove --network`: by the node that runs on this data directory, or by one that runs for this job alone. */
export async function proveByNetwork(
  context: Context,
  flags: NetworkFlags,
  request: Omit<JobRequest, 'limits'>,
  out: string,
): Promise<ProveReport> {
  const { settings, output, signal } = context;
  const invited = flags.invite?.map(publicKeyOf);
  const onProgress = output.progress.bind(output);
  // Loaded where it is wanted only: all of libp2p comes with it.
  const [provers, { noteSegment, provenBy, withRequester }] = await Promise.all([
    readyProvers(context, flags),
    import('./network.ts'),
  ]);
  const onSegment = noteSegment(output);
  const api = await findRunningNode(nodeFiles(settings.directory.node), signal);
  if (api === undefined) {
    return withTessera(context, { ...provers, onProgress }, (tessera) =>
      withRequester(context, flags.bootstrap ?? [], ({ jobs }) =>
        tessera.prove({ ...request, out, signal, onProgress }, provenBy(jobs.requester, onSegment, invited)),
      ),
    );
  }
  if (flags.bootstrap !== undefined) {
    output.note('A node runs on this data directory, and knows its own peers: --bootstrap is not used.');
  }
  const order = absolute({
    ...{ request, out, ...provers },
    ...(flags.invite === undefined ? {} : { invite: flags.invite }),
  });
  const report = await api.follow<JobEvent, ReportForPrograms>('/v1/jobs/prove', order, {
    signal,
    onProgress: (event) => {
      if (event.type === 'segment') onSegment(event.segment);
      else onProgress(event.progress);
    },
  });
  return reportFromPrograms({ ...report, certificate: out });
}

/** The node has another working directory. */
function absolute(order: JobOrder): JobOrder {
  const { request, srs } = order;
  const { model, input, calibration } = request;
  return {
    ...order,
    out: resolve(order.out),
    request: {
      ...request,
      model: resolve(model),
      input: typeof input === 'string' ? resolve(input) : { ...input, path: resolve(input.path) },
      ...(calibration === undefined ? {} : { calibration: resolve(calibration) }),
    },
    ...(srs === undefined || /^https?:/.test(srs.location)
      ? {}
      : { srs: { ...srs, location: resolve(srs.location) } }),
  };
}
