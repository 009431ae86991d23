/*
 * Tests of the API once more, with a registry between every service and its database. `npm run test:registry` does so with
 * all of them.
 */
process.env.GLIMPSE_TEST_DATA_API = 'registry'
await import('./images-api.test.ts')
await import('./import.test.ts')

export {}
