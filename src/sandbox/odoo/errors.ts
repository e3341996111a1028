/**
 * Odoo's exceptions as its two interfaces tell them (global.md §9): JSON-2 with an HTTP status of their own,
 * JSON-RPC inside a 200.
 */

/** One Python exception on its way to the caller. `name` is the class with its module. */
export class OdooError extends Error {
  readonly python: string
  /** Status under JSON-2: 500 for anything that is not one of Odoo's own exceptions. */
  readonly status: number
  readonly args: readonly unknown[]

  constructor(python: string, message: string, status = 500, args: readonly unknown[] = [message]) {
    super(message)
    this.python = python
    this.status = status
    this.args = args
  }
}

export const userError = (message: string) => new OdooError('odoo.exceptions.UserError', message, 422)
export const validationError = (message: string) =>
  new OdooError('odoo.exceptions.ValidationError', message, 422)
export const accessError = (message: string) => new OdooError('odoo.exceptions.AccessError', message, 403)
export const accessDenied = () => new OdooError('odoo.exceptions.AccessDenied', 'Access Denied', 403)
/** A ValueError reaches the caller of JSON-2 as 500, although the caller is at fault. */
export const valueError = (message: string) => new OdooError('builtins.ValueError', message)
export const typeError = (message: string) => new OdooError('builtins.TypeError', message)
/** An HTTP refusal of the dispatcher itself: 400, 401, 404, 422. */
export function httpError(status: number, name: string, message: string): OdooError {
  return new OdooError(`werkzeug.exceptions.${name}`, message, status, [message, status])
}

export function missingError(model: string, ids: readonly number[], uid: number): OdooError {
  const records = `${model}(${ids.join(', ')}${ids.length === 1 ? ',' : ''})`
  const text = `Record does not exist or has been deleted.\n(Record: ${records}, User: ${uid})`
  return new OdooError('odoo.exceptions.MissingError', text, 404)
}

/** A column that must not be empty is: PostgreSQL refuses it and the ORM puts it into words. */
export function emptyColumn(title: string, model: string, label: string, field: string): OdooError {
  return validationError(
    'The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\n' +
      `Model: ${title} (${model})\nField: ${label} (${field})\n`,
  )
}

/** A foreign key that points nowhere, or a record that others point to. */
export function brokenReference(title: string, model: string, constraint: string): OdooError {
  return validationError(
    'The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\n' +
      `Model: ${title} (${model})\nConstraint: ${constraint}\n`,
  )
}

/** The body of a JSON-2 failure and the `data` of a JSON-RPC one. */
export function serialized(error: OdooError): Record<string, unknown> {
  return {
    name: error.python,
    message: error.message,
    arguments: error.args,
    context: {},
    debug: `Traceback (most recent call last):\n  File "/opt/odoo/odoo/http.py", line 2260, in _serve_db\n${error.python}: ${error.message}\n`,
  }
}
