/**
 * File descriptors, ids, pins and reference counts, as the kernel keeps them: an object lives while a descriptor, a pin
 * or another object refers to it; its id is never used again.
 */

export interface KernelObject {
  readonly kind: "map" | "prog" | "btf";
  readonly id: number;
  refs: number;
  /** Of `refs`, those of user space: descriptors and pins. */
  users: number;
  /** Called when the last descriptor or pin goes while other objects still hold this one. */
  abandon?(): void;
  /** Called when the last reference goes. */
  release(): void;
}

/** One kind's ids, ascending, as BPF_*_GET_NEXT_ID walks them. */
class IdTable<T extends KernelObject> {
  readonly #objects = new Map<number, T>();
  #next = 1;

  allocate(): number {
    return this.#next++;
  }
  add(object: T): void {
    this.#objects.set(object.id, object);
  }
  remove(id: number): void {
    this.#objects.delete(id);
  }
  get(id: number): T | undefined {
    return this.#objects.get(id);
  }
  /** The smallest id above `id`, or null. */
  after(id: number): number | null {
    let best: number | null = null;
    for (const candidate of this.#objects.keys()) {
      if (candidate > id && (best === null || candidate < best)) best = candidate;
    }
    return best;
  }
}

/** The tables of one simulated kernel for the objects of type M (maps), P (programs) and B (BTF). */
export class ObjectTables<M extends KernelObject, P extends KernelObject, B extends KernelObject> {
  readonly maps = new IdTable<M>();
  readonly progs = new IdTable<P>();
  readonly btfs = new IdTable<B>();
  readonly #fds = new Map<number, M | P | B>();
  readonly #pins = new Map<string, M | P | B>();
  // 0, 1 and 2 stay what they are for every process.
  #nextFd = 3;

  /** Registers a new object; it lives by the descriptor returned. */
  adopt(object: M | P | B): number {
    this.#idsOf(object.kind).add(object);
    return this.open(object);
  }

  /** A new descriptor of an object. */
  open(object: M | P | B): number {
    object.refs++;
    object.users++;
    const fd = this.#nextFd++;
    this.#fds.set(fd, object);
    return fd;
  }

  /** What a descriptor stands for, undefined for a descriptor that is not open. */
  get(fd: number): M | P | B | undefined {
    return this.#fds.get(fd);
  }

  /** False for a descriptor that is not open. */
  close(fd: number): boolean {
    const object = this.#fds.get(fd);
    if (object === undefined) return false;
    this.#fds.delete(fd);
    if (--object.users === 0) object.abandon?.();
    this.unref(object);
    return true;
  }

  ref(object: M | P | B): void {
    object.refs++;
  }

  unref(object: M | P | B): void {
    if (--object.refs > 0) return;
    this.#idsOf(object.kind).remove(object.id);
    object.release();
  }

  pin(path: string, object: M | P | B): boolean {
    if (this.#pins.has(path)) return false;
    object.refs++;
    object.users++;
    this.#pins.set(path, object);
    return true;
  }

  pinned(path: string): M | P | B | undefined {
    return this.#pins.get(path);
  }

  #idsOf(kind: KernelObject["kind"]): IdTable<KernelObject> {
    return (kind === "map" ? this.maps : kind === "prog" ? this.progs : this.btfs) as unknown as IdTable<KernelObject>;
  }
}
