// SPDX-License-Identifier: MIT

/** Runs all tests at the same time. The long ones take four of the six connections of a browser without HTTP/2. */
const run = async (settings, plan) => {
  const [socket, stream, polls, [time, fields, post]] = await Promise.all([
    testSocket(settings.socket, plan),
    testStream(plan),
    Promise.all(plan.pollSeconds.map((seconds) => testPoll(seconds, plan.patience))),
    (async () => [await testTime(plan.patience), await testFields(plan.patience), await testPost(plan.patience)])(),
  ])
  return { socket, stream, polls, time, fields, post, http: httpVersion() }
}

/** Moves the progress bar each second, and says it aloud at each quarter. */
const watch = ({ longest }) => {
  const began = performance.now()
  let said = -1
  const tick = () => {
    const share = Math.min(99, Math.floor((performance.now() - began) / longest * 100))
    progress(share)
    const quarter = Math.floor(share / 25) * 25
    if (quarter === said) return
    said = quarter
    say((language) => texts[language].running(quarter))
  }
  tick()
  const timer = setInterval(tick, 1000)
  return () => clearInterval(timer)
}

const start = async () => {
  const plan = planOf(location.search)
  begin()
  progress(0)
  const { body: settings } = await ask("diagnose/settings.json", plan.patience)
  if (!settings?.socket) return showUnavailable()
  const stop = watch(plan)
  const results = await run(settings, plan)
  stop()
  progress(100)
  const grades = gradesOf(results)
  const code = encode(grades)
  const lines = reportOf(results, grades, { host: location.host, socketHost: new URL(settings.socket).host })
  const json = JSON.stringify({
    passerelle: settings.version, code, time: new Date().toISOString(), page: location.origin + location.pathname,
    quick: plan.isQuick, agent: navigator.userAgent, results, lines,
  }, null, 2)
  showGrades(results, grades)
  showResult(lines, code, json)
  say((language) => texts[language].done(code))
}

connectButtons(start)
start()
