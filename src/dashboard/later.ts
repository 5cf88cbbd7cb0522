/**
 * The second module of the page: dialogs and pages that a press opens. It is loaded after the first one has drawn, so
 * that values are seen sooner on a slow network.
 */
export { openAdd } from './dialogs/add.tsx'
export { CreatePage } from './pages/create.tsx'
export { openSignIn } from './dialogs/access/sign-in.tsx'
export { AccessPage } from './pages/access.tsx'
export { openChange } from './dialogs/change.tsx'
export { openBulkChange } from './dialogs/bulk-change.tsx'
export { openFreeze, openUnfreeze } from './dialogs/whole-stash/freeze.tsx'
export { openForget } from './dialogs/whole-stash/forget.tsx'
export { HistoryPage } from './pages/history.tsx'
export { PendingPage } from './pages/pending.tsx'
export { SwitchPage } from './pages/switch.tsx'
