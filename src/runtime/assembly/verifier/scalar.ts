import { REG_SIZE } from "../../verifier-layout";

export function copy_reg(to: u32, from: u32): void {
  memory.copy(to, from, REG_SIZE);
}
