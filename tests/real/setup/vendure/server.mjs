// One process: API server and job queue worker.
import { createRequire } from 'node:module'
import { config } from './config.mjs'

const require = createRequire(import.meta.url)
const { bootstrap, JobQueueService } = require('@vendure/core')
const app = await bootstrap(config())
await app.get(JobQueueService).start()
console.log('vendure listening')
