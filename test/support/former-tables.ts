/** Reverts the tables of a stash to the schema after migration 004, so that a test can run the later migrations on them. */
export function revertTo004(sql: SqlStorage): void {
  for (const column of ['holder', 'granted', 'ends_as', 'ended_at']) sql.exec(`ALTER TABLE token DROP COLUMN ${column}`)
  sql.exec('DROP INDEX held_by_setter')
  for (const column of ['asked', 'set_by', 'set_by_label']) sql.exec(`ALTER TABLE held DROP COLUMN ${column}`)
  for (const column of ['layout', 'layout_revision']) sql.exec(`ALTER TABLE cursor DROP COLUMN ${column}`)
  sql.exec('DROP TABLE refusal')
  sql.exec('DROP INDEX held_by_end')
  sql.exec('ALTER TABLE stash DROP COLUMN gap')
  sql.exec('ALTER TABLE stash DROP COLUMN slug')
  sql.exec('DROP TABLE key_freeze')
  sql.exec(`DELETE FROM migration WHERE id >= '005_people'`)
}
