import type { ContentRouting, Provider } from '../routing.ts';

async function* nobody(): AsyncGenerator<Provider> {}

/** A network in which nobody is found to have anything, whatever was told: only providers that are named are tried. */
export const noRouting: ContentRouting = {
  provide: async () => 1,
  withdraw: async () => {},
  find: nobody,
};
