// SPDX-License-Identifier: MIT

const languages = ["fr", "en"]

/** True if a test found a problem; the HTTP version is none. */
const isBad = (test, grade) => test !== "http" && grade !== "9" && grade !== "X" && !isTolerable(test, grade)

/** A stream that starts within four seconds, and a clock that is a minute off, hinder nothing. */
const isTolerable = (test, grade) => (test === "first" || test === "clock") && grade === "6"

/** The gateway knows a reader by a cookie or `Authorization`; without both it refuses each request. */
const verdict = (grades) => {
  const streams = Number(grades.frames) >= 5
  if (grades.cookie === "0" && grades.authorization === "0") return "none"
  if (!streams && grades.polls === "0" && grades.cache !== "9" && grades.socket !== "9") return "none"
  if (isBad("post", grades.post)) return "read"
  if (grades.socket === "9") return "all"
  if (streams) return "stream"
  return "slow"
}

/** Text of the finding of a test in a language; `undefined` if it is good or was not tested. */
const finding = (language, test, results, grade) =>
  isBad(test, grade) ? findings[language][test](results, grade) : undefined

/** Returns the three lines of a language: what works, what does not, and what to tell the administrator. */
const linesIn = (language, results, grades, hosts) => {
  const { works, fails, nothingFails, tell, nothingToTell } = texts[language]
  const good = tests.filter((test) => test !== "http" && grades[test] !== "X" && !isBad(test, grades[test]))
  const bad = tests.filter((test) => isBad(test, grades[test]))
  const found = [...new Set(bad.map((test) => finding(language, test, results, grades[test])))]
  const asked = [...new Set(bad.map((test) => remedies[language][test](hosts)))]
  const list = good.map((test) => names[language][test]).join(", ")
  return [
    `${verdicts[language][verdict(grades)]}.` + (list ? ` ${works}${list}.` : ""),
    found.length ? `${fails}${found.join(", ")}.` : nothingFails,
    asked.length ? `${tell}${asked.join(language === "fr" ? " ; " : "; ")}.` : nothingToTell,
  ]
}

/** Returns the lines in each language. `hosts` has the names of the gateway and of Channels. */
const reportOf = (results, grades, hosts) =>
  Object.fromEntries(languages.map((language) => [language, linesIn(language, results, grades, hosts)]))
