/** The answers of the exchange platform other than success: codes of china.md §1.5 with their texts. */

/** One code that the translator could not find in an archive. */
export interface InvalidCode {
  archive: string
  code: string
}

/** Why one bill, or a whole document, was not imported. */
export interface Refusal {
  code: string
  /** The cause as it stands in the description, after the boilerplate. */
  text: string
  invalid?: readonly InvalidCode[]
}

export function refusal(code: string, text: string, invalid?: readonly InvalidCode[]): Refusal {
  return invalid ? { code, text, invalid } : { code, text }
}

/** A failure inside a bill type's plugin: it names the plugin class and the exception's text (§1.4). */
export function pluginRefusal(code: string, text: string, plugin: string): Refusal {
  return { code, text: `业务插件处理错误：插件类=${plugin},异常信息:${text}` }
}
