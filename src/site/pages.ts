/**
 * The order of the guides in the navigation. Each file below `src/docs` stands here once, and the build fails if one does not. A
 * page's title is its first heading.
 */
export type Section = { title: string; pages: string[] }

/** Paths of pages, without `/docs/`. `index` is `/docs` itself; `api` is made from the tables of the operations. */
export const SECTIONS: Section[] = [
  { title: 'Start', pages: ['index', 'tutorial', 'plan/layout', 'comparison', 'glossary', 'changelog'] },
  {
    title: 'How to',
    pages: [
      'how-to/maintenance',
      'how-to/on-call',
      'how-to/drain',
      'how-to/two-people',
      'how-to/freeze',
      'how-to/undo',
      'how-to/links',
      'how-to/pipeline-token',
      'how-to/team-token',
      'how-to/flags-in-git',
      'how-to/export',
      'how-to/watch',
      'how-to/follower',
      'how-to/metrics',
    ],
  },
  {
    title: 'Proxies',
    pages: ['how-to/proxy-gate', 'proxies/nginx', 'proxies/caddy', 'proxies/haproxy', 'proxies/elsewhere'],
  },
  { title: 'Move here', pages: ['move/environment-variables', 'move/consul', 'move/launchdarkly', 'move/wrendb'] },
  {
    title: 'Tools',
    pages: ['use/dashboard', 'use/cli', 'use/clients', 'use/openfeature', 'use/flagd', 'use/service-binding'],
  },
  {
    title: 'Reference',
    pages: [
      'api',
      'reference/http-api',
      'reference/keys',
      'reference/reading',
      'reference/watching',
      'reference/safeguards',
      'reference/held-changes',
      'reference/tokens',
      'reference/history',
      'reference/limits',
    ],
  },
  {
    title: 'Errors',
    pages: [
      'reference/errors',
      'reference/errors-requests',
      'reference/errors-access',
      'reference/errors-changes',
      'reference/errors-limits',
      'reference/errors-service',
    ],
  },
  {
    title: 'Operate',
    pages: [
      'operate/runbook',
      'operate/troubleshooting',
      'operate/deploying',
      'operate/upgrades',
      'operate/operating',
      'operate/recovery',
      'operate/security',
      'operate/costs',
      'operate/figures',
      'operate/crowds',
      'operate/probe',
    ],
  },
]
