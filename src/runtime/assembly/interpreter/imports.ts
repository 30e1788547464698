// JavaScript that the interpreter calls; see RuntimeImports in vm/runtime.ts.

// @ts-ignore: decorator
@external("env", "call_helper")
export declare function call_helper(program: u32, helper: u32, frame: u32): void;

// @ts-ignore: decorator
@external("env", "call_function")
export declare function callStepping(handle: u32, r1: i64, r2: i64, r3: i64, r4: i64, r5: i64, frame: u32): i64;
