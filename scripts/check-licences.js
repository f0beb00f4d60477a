// Checks the licence of every installed npm package against licences.json; an exception needs a reason.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { init } from 'license-checker-rseidelsohn';
import satisfies from 'spdx-satisfies';

const folder = dirname(fileURLToPath(import.meta.url));
const { allowed, exceptions } = JSON.parse(readFileSync(join(folder, 'licences.json'), 'utf8'));

function isAllowed(licence) {
  // A trailing * marks a licence that was guessed from a file and not declared.
  if (licence.endsWith('*')) return false;
  try {
    return satisfies(licence, allowed);
  } catch {
    return false;
  }
}

const packages = await promisify(init)({ start: dirname(folder), excludePrivatePackages: true });
const refused = Object.entries(packages)
  .map(([id, { licenses }]) => ({
    name: id.slice(0, id.lastIndexOf('@')),
    id,
    licence: [licenses].flat().join(' AND '),
  }))
  .filter(({ name, licence }) => !isAllowed(licence) && !Object.hasOwn(exceptions, name));

for (const { id, licence } of refused)
  console.error(`${id}: ${licence} is not on the list of allowed licences`);
console.log(`Licences: ${Object.keys(packages).length} packages, ${refused.length} refused.`);
process.exitCode = refused.length === 0 ? 0 : 1;
