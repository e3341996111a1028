/** Reads `connector.yaml` and finds what is wrong with it. */
import {
  nearest,
  type ParsedYaml,
  parseYaml,
  type YamlFail,
  type YamlProblem,
  yamlFailure,
  yamlProblems,
} from '../core/yaml.ts'
import { oneOf } from '../core/yaml-words.ts'
import { type Manifest, ManifestSchema } from './manifest.ts'
import { namesThatMustExist } from './manifest-names.ts'
import { type WrongText, wrongTexts } from './manifest-values.ts'

/**
 * Reads and checks a `connector.yaml`. Beyond the schema: shapes, streams and settings that are named must
 * exist, expressions must compile and schedules be cron lines. Throws TributaryError YAML_* naming file, line, column, field and the nearest spelling.
 */
export function readManifest(text: string, file: string, fail: YamlFail = yamlFailure): Manifest {
  const parsed = parseYaml(text, file, fail)
  const problems = yamlProblems(ManifestSchema, parsed)
  if (problems.length > 0) throw fail(problems)
  const manifest = parsed.value as Manifest
  const names = [...namesThatMustExist(manifest)].filter((n) => !n.known.includes(n.name))
  if (names.length > 0) {
    throw fail(
      names.map(({ path, name, known }) => ({
        code: 'YAML_VALUE',
        file,
        ...parsed.locate(path),
        field: path.join('.'),
        nearest: nearest(name, known),
        expected: known.length > 0 ? oneOf(known) : NOTHING_DECLARED,
        found: `"${name}"`,
      })),
    )
  }
  const texts = wrongTexts(manifest)
  if (texts.length > 0) throw fail(texts.map((wrong) => wrongText(parsed, wrong)))
  return manifest
}

function wrongText({ file, locate }: ParsedYaml, { path, text, expected }: WrongText): YamlProblem {
  const found = text.length > 80 ? `${text.slice(0, 80)}…` : text
  const where = { file, ...locate(path), field: path.join('.') }
  return { code: 'YAML_VALUE', ...where, nearest: null, expected, found: `"${found}"` }
}

const NOTHING_DECLARED = {
  en: 'left out: nothing of that kind is declared',
  zh: '省略：没有声明这类内容',
}
