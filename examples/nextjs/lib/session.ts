// SPDX-License-Identifier: MIT

export interface User {
  id: string
  name: string
  role: string
}

/** The user of the current request. Replace the body by your own session, for example `(await auth())?.user`. */
export async function currentUser(): Promise<User | null> {
  const id = process.env.NODE_ENV === "development" && process.env.DEMO_USER
  return id ? { id, name: id, role: "NOTAIRE" } : null
}
