import type { Dependencies } from './dependencies.ts';

interface Group {
  nodes: number[];
  before: Set<number>;
  after: Set<number>;
}

/**
 * A division of a DAG's nodes into groups, coarsened step by step.
 * Two invariants hold after every step: the graph of groups has no cycle, and each group is connected
 * (so long as the groups it started from were).
 */
export class Partition {
  readonly #groups = new Map<number, Group>();

  /**
   * @param label per node, the group it starts in; groups joined in a cycle are the caller's mistake.
   */
  constructor(dependencies: Dependencies, label: readonly number[]) {
    label.forEach((own, node) => {
      const group = this.#groups.get(own) ?? { nodes: [], before: new Set(), after: new Set() };
      this.#groups.set(own, group);
      group.nodes.push(node);
      for (const source of dependencies.before[node] ?? []) {
        const other = label[source];
        if (other !== undefined && other !== own) group.before.add(other);
      }
    });
    for (const [id, group] of this.#groups)
      for (const other of group.before) this.#group(other).after.add(id);
  }

  get size(): number {
    return this.#groups.size;
  }

  get ids(): number[] {
    return [...this.#groups.keys()];
  }

  nodes(id: number): readonly number[] {
    return this.#group(id).nodes;
  }

  /** The groups that this one reads from. */
  before(id: number): ReadonlySet<number> {
    return this.#group(id).before;
  }

  /** The groups that read from this one. */
  after(id: number): ReadonlySet<number> {
    return this.#group(id).after;
  }

  /** Whether group `from` feeds group `to` directly and by no way around, so that merging them closes no cycle. */
  canMerge(from: number, to: number): boolean {
    const { after } = this.#group(from);
    if (!after.has(to)) return false;
    const around = [...after].filter((id) => id !== to);
    const seen = new Set(around);
    for (let id = around.pop(); id !== undefined; id = around.pop()) {
      for (const next of this.#group(id).after) {
        if (next === to) return false;
        if (!seen.has(next)) around.push(next);
        seen.add(next);
      }
    }
    return true;
  }

  /** Puts group `from` into group `into`, which keeps its id. One must feed the other and `canMerge` must hold. */
  merge(from: number, into: number): void {
    const gone = this.#group(from);
    const kept = this.#group(into);
    kept.nodes = [...kept.nodes, ...gone.nodes].sort((a, b) => a - b);
    for (const id of gone.before) {
      this.#group(id).after.delete(from);
      if (id === into) continue;
      this.#group(id).after.add(into);
      kept.before.add(id);
    }
    for (const id of gone.after) {
      this.#group(id).before.delete(from);
      if (id === into) continue;
      this.#group(id).before.add(into);
      kept.after.add(id);
    }
    kept.before.delete(from);
    kept.after.delete(from);
    this.#groups.delete(from);
  }

  /** The groups' nodes in a topological order of the groups; where several could come next, the earliest node's does. */
  ordered(): number[][] {
    const waiting = new Map([...this.#groups].map(([id, group]) => [id, group.before.size]));
    const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
    const first = (id: number) => this.#group(id).nodes[0] ?? 0;
    const order: number[][] = [];
    while (ready.length > 0) {
      const next = ready.reduce((best, id) => (first(id) < first(best) ? id : best));
      ready.splice(ready.indexOf(next), 1);
      order.push(this.#group(next).nodes);
      for (const id of this.#group(next).after) {
        const left = (waiting.get(id) ?? 0) - 1;
        waiting.set(id, left);
        if (left === 0) ready.push(id);
      }
    }
    return order;
  }

  #group(id: number): Group {
    const group = this.#groups.get(id);
    if (group === undefined) throw new RangeError(`there is no group ${id}`);
    return group;
  }
}

/** The connected pieces of each labelled set of nodes: per node, the smallest node of its piece. */
export function connectedPieces(dependencies: Dependencies, label: readonly number[]): number[] {
  const piece: number[] = label.map(() => -1);
  label.forEach((own, start) => {
    if (piece[start] !== -1) return;
    piece[start] = start;
    const queue = [start];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      for (const next of [...(dependencies.before[node] ?? []), ...(dependencies.after[node] ?? [])]) {
        if (label[next] !== own || piece[next] !== -1) continue;
        piece[next] = start;
        queue.push(next);
      }
    }
  });
  return piece;
}
