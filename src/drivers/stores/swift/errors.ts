/** Says why a server gave no answer, without what its URL may hold. */
export function describeNetworkError(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException
  if (error instanceof SyntaxError) return 'the answer cannot be understood'
  return `the connection fails (${code ?? name})`
}
