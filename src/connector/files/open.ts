/** The folder of a connection: of this machine, or behind SFTP where a host is given. */
import { connectorError } from '../../core/errors/connector.ts'
import { shapePhrase } from '../../core/errors/error.ts'
import type { FilesManifest } from '../manifest-source.ts'
import type { Settings } from '../settings.ts'
import { fillText } from '../template.ts'
import { folderStore } from './folder.ts'
import { sftpStore } from './sftp.ts'
import { LARGEST, type Store } from './store.ts'

/** Opens nothing yet. Throws CONNECTOR_SETTING_VALUE for a port that is none. */
export function openStore(connection: string, declared: FilesManifest, settings: Settings): Store {
  const filled = (template: string | undefined) => fillText(template ?? '', settings)
  const { limit = LARGEST } = declared
  const folder = filled(declared.folder)
  const host = filled(declared.sftp?.host)
  if (host === '') return folderStore(connection, folder, limit)
  const { port, user, password, key, passphrase, fingerprint } = declared.sftp!
  const given = filled(port)
  if (!/^\d{0,5}$/.test(given))
    throw connectorError('CONNECTOR_SETTING_VALUE', {
      ...{ connection, setting: 'port', found: shapePhrase(given) },
      expected: { en: 'a port number', zh: '端口号' },
      description: { en: 'See docs/guide/files.md.', zh: '见 docs/guide/files.md。' },
    })
  return sftpStore({
    ...{ connection, host, folder, limit, port: Number(given || 22) },
    ...{ user: filled(user), password: filled(password), key: filled(key) },
    ...{ passphrase: filled(passphrase), fingerprint: filled(fingerprint) },
  })
}
