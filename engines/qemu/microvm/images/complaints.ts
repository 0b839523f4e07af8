/** What skopeo complains about, in words for whoever asked for the image. */

const REASONS: readonly [pattern: RegExp, words: (image: string, registry: string) => string][] = [
  [
    /manifest unknown|name unknown|repository name not known|not found: |status(?: code)?:? 404|manifest invalid|no descriptor found for reference|index\.json: no such file/i,
    (image) => `There is no image ${image}`,
  ],
  [
    /unauthorized|authentication required|access to the resource is denied|denied:|invalid username|status(?: code)?:? 40[13]/i,
    (image) =>
      `${image} is not there, or may not be read without credentials; an operator names those in microvms.registries`,
  ],
  [
    /toomanyrequests|status(?: code)?:? 429/i,
    (_, registry) => `${registry} wants to be asked less often; try again later`,
  ],
  [
    /no such host|server misbehaving|temporary failure in name resolution/i,
    (_, registry) => `${registry} is not found by its name`,
  ],
  [
    /administratively prohibited|no route to host|network is unreachable|permission denied.*connect|connect: .*prohibited/i,
    (_, registry) =>
      `${registry} is not in the internet; an operator can allow it in microvms.registries`,
  ],
  [/connection refused/i, (_, registry) => `Nobody answers at ${registry}`],
  [
    /server gave HTTP response to HTTPS client/i,
    (_, registry) =>
      `${registry} does not speak HTTPS; an operator can allow that in microvms.registries`,
  ],
  [/x509|certificate|tls:/i, (_, registry) => `The certificate of ${registry} is not trusted`],
  [
    /digest (?:of|did not match|mismatch)|does not match|unexpected EOF|size mismatch/i,
    (image) => `What the registry sent of ${image} is not what it announced`,
  ],
  [
    /schema ?version 1|schema1|prettyjws/i,
    (image) => `${image} is of a kind that is no longer used; push it again`,
  ],
  [/no space left|file too large/i, (image) => `There was no room for ${image}`],
  [
    /connection reset by peer|broken pipe|: EOF\b/i,
    (_, registry) => `${registry} closes the connection without an answer`,
  ],
  [
    /status code from registry|status(?: code)?:? 5\d\d|internal server error|bad gateway|service unavailable/i,
    (_, registry) => `${registry} answers with an error of its own; try again later`,
  ],
  [
    /i\/o timeout|timeout awaiting|deadline exceeded|context deadline/i,
    (_, registry) => `${registry} does not answer`,
  ],
]

/** What is to be done about a program that is not there; `null`: it is. */
export function missingProgram(complaint: string): string | null {
  if (!complaint.includes('(exit code 127)')) return null
  return 'Images are fetched by skopeo and unpacked by umoci. Run: apt-get install skopeo umoci'
}

/** `null`: nothing that anybody expected. */
export function inWords(complaint: string, image: string, registry: string): string | null {
  return REASONS.find(([pattern]) => pattern.test(complaint))?.[1](image, registry) ?? null
}
