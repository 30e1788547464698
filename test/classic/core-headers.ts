/** Ethernet frames with stacks of headers such as Linux's flow dissector follows, whole and cut; the same for the same seed. */
export class FrameMaker {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  frame(): Uint8Array {
    const type = this.#pick(ETHER_TYPES);
    let bytes = [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, ...be(type), ...this.#ether(type, 0)].slice(0, 1400);
    if (this.#below(4) === 0) bytes = bytes.slice(0, 15 + this.#below(Math.max(1, bytes.length - 15)));
    if (this.#below(3) > 0) bytes.push(...this.#bytes(60));
    while (bytes.length < 20) bytes.push(0);
    return Uint8Array.from(bytes);
  }

  #below(limit: number): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * limit);
  }
  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }
  #bytes(count: number): number[] {
    return Array.from({ length: count }, () => this.#below(256));
  }

  #ether(type: number, depth: number): number[] {
    const next = (): number[] => {
      const inner = this.#pick(ETHER_TYPES);
      return [...be(inner), ...this.#ether(inner, depth + 1)];
    };
    switch (type) {
      case 0x0800: {
        const proto = this.#pick([1, 2, 4, 6, 6, 17, 17, 33, 41, 47, 47, 50, 58, 132, 136, 137, 255, 0, 44, 115, 51]);
        const words = this.#pick([5, 5, 5, 6, 15, 4]);
        const fragment = this.#pick([0, 0, 0, 0, 0x4000, 0x2000, 1, 0x2003]);
        const options = this.#bytes(Math.max(0, (words - 5) * 4));
        const rest = [...be(fragment), 64, proto, 0, 0, ...this.#bytes(8), ...options];
        return [0x40 | words, 0, ...be(this.#below(200)), 0, 1, ...rest, ...this.#ip(proto, depth + 1)];
      }
      case 0x86dd: {
        const proto = this.#pick([0, 0, 43, 44, 60, 6, 17, 58, 41, 4, 47, 59, 132, 137, 51, 50]);
        return [0x60, 0, 0, 0, ...be(this.#below(200)), proto, 64, ...this.#bytes(32), ...this.#ip(proto, depth + 1)];
      }
      case 0x8100:
      case 0x88a8:
        return [...this.#bytes(2), ...next()];
      case 0x8864: {
        const ppp = this.#pick([0x21, 0x57, 0x281, 0x283, 0xc021, 0x2145, 0x5760, 0x0023, 0x2021]);
        const inner = { 33: 0x0800, 87: 0x86dd }[ppp] ?? 0x8847;
        const head = [this.#pick([0x11, 0x11, 0x11, 0x12]), this.#pick([0, 0, 0, 9])];
        return [...head, 0, 1, ...be(this.#below(100)), ...be(ppp), ...this.#ether(inner, depth + 1)];
      }
      case 0x8847:
      case 0x8848:
        return [...this.#bytes(2), this.#pick([0, 1, 0x11]), 64, ...this.#bytes(this.#below(20))];
      case 0x88fb:
      case 0x892f:
        return [...this.#bytes(4), ...next()];
      case 0x6558:
        return [...this.#bytes(12), ...next()];
      default:
        return this.#bytes(this.#below(40));
    }
  }

  #ip(proto: number, depth: number): number[] {
    if (depth > 24) return this.#bytes(this.#below(30));
    switch (proto) {
      case 4:
        return this.#ether(0x0800, depth);
      case 41:
        return this.#ether(0x86dd, depth);
      case 137:
        return this.#ether(0x8847, depth);
      case 47:
        return this.#gre(depth);
      case 0:
      case 43:
      case 60: {
        const next = this.#pick([0, 0, 60, 6, 17, 43, 44, 60, 58, 41, 59]);
        const units = this.#pick([0, 0, 1, 2]);
        return [next, units, ...this.#bytes(6 + 8 * units), ...this.#ip(next, depth + 1)];
      }
      case 44: {
        const next = this.#pick([6, 17, 60, 58]);
        return [next, 0, ...be(this.#pick([0, 1, 8, 0x100, 2, 6])), ...this.#bytes(4), ...this.#ip(next, depth + 1)];
      }
      case 6:
        return [...this.#bytes(12), this.#pick([0x50, 0x60, 0xf0, 0x20, 0]), ...this.#bytes(7 + this.#below(10))];
      default:
        return this.#bytes(this.#below(40));
    }
  }

  #gre(depth: number): number[] {
    const flags = this.#pick([0, 0x2000, 0x8000, 0xb000, 0x1000, 0x4000, 0x2001, 0x3001, 0x3081, 0x2081, 1, 2, 0x8001]);
    const version1 = (flags & 1) !== 0;
    const type = version1
      ? this.#pick([0x880b, 0x880b, 0x0800])
      : this.#pick([0x0800, 0x86dd, 0x6558, 0x6558, 0x8847, 0x1234, 0x8100]);
    const fields = [0x8000, 0x2000, 0x1000, ...(version1 ? [0x80] : [])].filter((flag) => (flags & flag) !== 0);
    const head = [...be(flags), ...be(type), ...this.#bytes(fields.length * 4)];
    if (!version1) return [...head, ...this.#ether(type, depth + 1)];
    const ppp = this.#pick([0x21, 0x57, 0xc021]);
    const inner = { 33: 0x0800, 87: 0x86dd }[ppp] ?? 0;
    return [...head, 0xff, 3, ...be(ppp), ...this.#ether(inner, depth + 1)];
  }
}

function be(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

const ETHER_TYPES = [
  0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x8100, 0x88a8, 0x8864, 0x8847, 0x8848, 0x88ca, 0x8906, 0x0806, 0x8035,
  0x88f7, 0x88fb, 0x892f, 0x1234, 0x4305, 0x8902, 0x6558, 0x22f0, 0x0600, 0x888e,
];
