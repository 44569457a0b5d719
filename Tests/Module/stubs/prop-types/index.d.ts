// SPDX-License-Identifier: MIT
// Stands for `@types/prop-types`, which Debian does not package. No test needs its content.
export type Validator<T> = (props: any) => Error | null
export interface Requireable<T> extends Validator<T | undefined | null> {
  isRequired: Validator<NonNullable<T>>
}
export type ValidationMap<T> = { [Name in keyof T]?: Validator<T[Name]> }
export type InferProps<V> = { [Name in keyof V]?: any }
export const any: any, array: any, bool: any, func: any, number: any, object: any, string: any, node: any, element: any
export const instanceOf: any, oneOf: any, oneOfType: any, arrayOf: any, objectOf: any, shape: any, exact: any
