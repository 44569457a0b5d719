// SPDX-License-Identifier: MIT
"use client"

import { useCallback, useEffect, useRef, useState } from "react"

/** A user who types sends it again within this, in milliseconds. */
const TYPING_LIMIT = 3000

type Timer = ReturnType<typeof setTimeout>

/** The ids of the users who type, and the function that changes one of them. */
export function useTypists(): [string[], (id: string, isTyping: boolean) => void] {
  const [typists, setTypists] = useState<string[]>([])
  const timers = useRef(new Map<string, Timer>())

  useEffect(() => {
    const all = timers.current
    return () => all.forEach((timer) => clearTimeout(timer))
  }, [])

  const setTypist = useCallback((id: string, isTyping: boolean) => {
    clearTimeout(timers.current.get(id))
    timers.current.delete(id)
    if (isTyping) timers.current.set(id, setTimeout(() => setTypist(id, false), TYPING_LIMIT))
    setTypists((before) => {
      if (before.includes(id) === isTyping) return before
      return isTyping ? [...before, id] : before.filter((each) => each !== id)
    })
  }, [])

  return [typists, setTypist]
}
