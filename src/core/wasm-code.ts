/** WebAssembly as V8 runs it: a fault of its that ends processes, kept away from. */
import { setFlagsFromString } from 'node:v8'

/** For processes of ours that run WebAssembly and no code of ours. */
export const KEEP_WASM_CODE = '--no-wasm-code-gc'

/**
 * Machine code of WebAssembly stays until the process ends. Where an engine frees what it has replaced, V8 13.6
 * (Node 24) now and then no longer knows the memory and ends the process by SIGTRAP ("allocations_.erase(addr)
 * == 1", nodejs/node#64500); the database compiled to WebAssembly has one module, whose code is a few megabytes.
 * For the whole process; called before the first module is compiled.
 */
export function keepWasmCode(): void {
  setFlagsFromString(KEEP_WASM_CODE)
}
