// SPDX-License-Identifier: MIT

/** The last character, by the remainder of the weighted sum; letters that are confused with digits are left out. */
const checks = "ABCDEFGHJKLMNPQRSTUVWYZ"

const value = (character) => character === "X" ? 10 : Number(character)

const check = (characters) =>
  checks[[...characters].reduce((sum, character, index) => sum + (index + 1) * value(character), 0) % checks.length]

/** Returns the code of grades: their characters and a check letter, in groups of four. */
export const encode = (grades) => {
  const characters = tests.map((test) => grades[test]).join("")
  return (characters + check(characters)).match(/.{1,4}/g).join("-")
}

/** Returns the grades of a code, or `null` if it was misheard. */
export const decode = (code) => {
  const characters = code.toUpperCase().replace(/[^0-9A-Z]/g, "")
  const grades = characters.slice(0, -1)
  if (!/^[0-9X]+$/.test(grades) || grades.length !== tests.length || check(grades) !== characters.at(-1)) return null
  return Object.fromEntries(tests.map((test, index) => [test, grades[index]]))
}
