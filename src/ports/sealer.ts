/** Hides texts that may name credentials from those who read the database. */
export interface Sealer {
  encrypt(text: string): string
  decrypt(text: string): string
}
