// SPDX-License-Identifier: MIT

const find = (selector) => document.querySelector(selector)

/** Returns an element with a text; `language` is set if it is given. */
const element = (name, text, language) => {
  const made = document.createElement(name)
  made.textContent = text
  if (language) made.lang = language
  return made
}

/** Writes a text in both languages into an element, one below the other. */
const both = (target, textIn) =>
  target.replaceChildren(...languages.map((language) => element("span", textIn(language), language)))

/** Says what has changed to everyone, also to users of a screen reader. */
const say = (textIn) => both(find("#status"), textIn)

/** Fills the table with all tests as running, and hides the result. */
const begin = () => {
  find("#result").hidden = true
  find("#again").disabled = true
  find("#tests tbody").replaceChildren(...tests.map((test) => {
    const row = document.createElement("tr")
    row.dataset.test = test
    const name = document.createElement("th")
    name.scope = "row"
    both(name, (language) => names[language][test])
    const state = document.createElement("td")
    both(state, (language) => texts[language].waits)
    row.append(name, state)
    return row
  }))
}

/** Shows the share of the time that has passed, in percent. */
const progress = (share) => {
  find("#progress").value = share
}

/** Shows each test's result in the table. */
const showGrades = (results, grades) => {
  for (const test of tests) {
    const row = find(`[data-test=${test}]`)
    const grade = grades[test]
    const bad = isBad(test, grade)
    row.dataset.state = grade === "X" ? "untested" : bad ? "bad" : "good"
    both(row.querySelector("td"), (language) => {
      if (test === "http" && grade !== "X") return results.http
      const { untested, good } = texts[language]
      return grade === "X" ? untested : finding(language, test, results, grade) ?? good
    })
  }
}

/** Shows the lines, the code and the JSON. */
const showResult = (lines, code, json) => {
  for (const language of languages) {
    find(`#lines-${language}`).replaceChildren(...lines[language].map((line) => element("li", line)))
  }
  find("#code").textContent = code
  find("#json").textContent = json
  find("#result").hidden = false
  find("#again").disabled = false
}

/** Shows that the gateway did not answer: no test has begun. */
const showUnavailable = () => {
  find("#tests tbody").replaceChildren()
  find("#again").disabled = false
  say((language) => texts[language].unavailable)
}

/** Copies the text of an element when a button is pressed, and says whether that worked. */
const copies = (button, source) => {
  find(button).addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(find(source).textContent)
      say((language) => texts[language].copied)
    } catch {
      // Without permission, or on a page without TLS, the user can copy the selection.
      getSelection().selectAllChildren(find(source))
      say((language) => texts[language].notCopied)
    }
  })
}

/** Connects the buttons. */
const connectButtons = (start) => {
  find("#again").addEventListener("click", start)
  copies("#copy-code", "#code")
  copies("#copy-json", "#json")
}
