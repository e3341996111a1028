/** Texts of `tributary connector` in English. */
export const connectorEn = {
  connector: 'Connectors: check one by the conformance kit, write a new one',
  'connector.check': 'Runs the conformance kit over a connector folder; every line says how it was proven',
  'connector.new':
    'Writes a connector with mapping, fixtures and tests that passes the kit; asks what is not given',
  'connector.state.ok': 'ok',
  'connector.state.failed': 'failed',
  'connector.state.not-applicable': 'not applicable',
  'connector.state.waived': 'waived',
  'connector.counts': '{connector}: {ok} ok, {failed} failed, {not} not applicable, {waived} waived',
  'connector.by.files': 'by its files',
  'connector.by.model': 'against the model remote',
  'connector.by.fixtures': 'by replay',
  'connector.by.failing-server': 'against a failing server',
  'connector.by.sandbox': 'against the sandbox',
  'connector.written':
    '{folder} is written ({count} files). Fill in what the comments name, then: tributary connector check {folder}',
  'connector.ask.title': 'Name of the system',
  'connector.ask.base': 'Address of its API',
  'connector.ask.auth': 'Authentication: bearer, basic or the name of a header',
  'connector.ask.list': 'Path that lists orders (such as /orders)',
  'connector.ask.each': 'Where the answer holds the list (dotted path)',
  'connector.ask.since': 'Parameter for "changed since"',
  'connector.ask.until': 'Parameter for "changed until"',
  'argument.connector-folder': "the connector's folder, e.g. connectors/acme",
  'argument.connector-id': 'id of the connector: small letters, digits and hyphens',
  'option.connector-title': 'name of the system',
  'option.connector-base': 'address of its API',
  'option.connector-auth': 'bearer, basic or the name of a header',
  'option.connector-list': 'path that lists orders',
  'option.connector-each': 'dotted path of the list in the answer',
  'option.connector-since': 'parameter for "changed since"',
  'option.connector-until': 'parameter for "changed until"',
  'option.connector-openapi': 'OpenAPI file (YAML or JSON) to read path, parameters and fields from',
  'connector.fix.manifest': 'Correct connector.yaml as said; connectors/README.md lists every key.',
  'connector.fix.readme': 'Add the headings to README.md.',
  'connector.fix.secrets':
    'Replace the value by a made-up one that says so (example-…), and change the real one if it left your hands.',
  'connector.fix.fixtures':
    'Record the exchange into fixtures/ (one JSON file each, made-up values); docs/guide/connector-kit.md shows how.',
  'connector.fix.pages':
    'Correct list.page: style, size, first, and where the answer says that there is more.',
  'connector.fix.gaps-changes':
    'Read the list with page.backwards or page.style clock; if no record can ever leave its window, say why in conformance.yaml under stable.',
  'connector.fix.gaps-clock':
    'Correct http.clock or list.clock: the format must show seconds and its zone must be that of the API.',
  'connector.fix.gaps-summer-time': 'Correct the clock, or let the API take instants with an offset.',
  'connector.fix.gaps-late': 'Raise lag or overlap of the stream to the delay of the index.',
  'connector.fix.gaps-standing': 'Give list.page a size and a style that goes on within one instant.',
  'connector.fix.twice': 'Build the record from what was sent alone: no clock, no counter, no random part.',
  'connector.fix.newest': 'Map version from an instant or counter that only grows.',
  'connector.fix.numbers': 'Parse with tools.json and hand the bytes of the record on as they came.',
  'connector.fix.failures-read': 'Use tools.ok and tools.json, and correct http.errors and http.answer.',
  'connector.fix.failures-write':
    'What is not proven is unknown: use tools.outcome and tools.failed, and correct http.errors and http.answer.',
  'connector.fix.signature': 'Declare verify or token of the webhook.',
  'connector.fix.old-signature': 'Declare verify.time with the tolerance that the platform states.',
  'connector.fix.charset': 'Hand the bytes on as they came; never decode them leniently.',
  'connector.fix.write-twice':
    'Put the key where the remote keeps it, and let find (class find) or the duplicate code (class resend-safe) tell of it.',
  'connector.fix.write-lost-answer':
    'A lost answer must leave the write unknown, and the key must find the document again.',
}
