/**
 * A component that is drawn again only if one of its properties has changed. `memo` of preact/compat would bring the whole of
 * it.
 */
import { Component } from 'preact'

export abstract class PureComponent<Props extends object> extends Component<Props> {
  override shouldComponentUpdate(next: Readonly<Props>): boolean {
    return (Object.keys(next) as (keyof Props)[]).some((name) => next[name] !== this.props[name])
  }
}
