/** As published: weak, medium or strong, by length and by how many kinds of signs there are. */
export function passwordStrength(password: string): 'weak' | 'medium' | 'strong' {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(password))
  if (password.length >= 16 || (password.length >= 12 && kinds.length >= 3)) return 'strong'
  return password.length >= 8 && kinds.length >= 2 ? 'medium' : 'weak'
}
