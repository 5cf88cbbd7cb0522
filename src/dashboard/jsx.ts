/**
 * What JSX becomes. The build puts this import into every file that needs it: createElement takes fewer bytes than jsx-
 * runtime.
 */
export { createElement, Fragment } from 'preact'
