/**
 * Runs cases that mostly wait, all at the same time. Rejects once all have ended, with an error for each that failed; its
 * message begins with the case's name.
 */
export async function sideBySide(cases: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  const failures: Error[] = [];
  await Promise.all(
    Object.entries(cases).map(([name, run]) =>
      run().catch((cause) => failures.push(new Error(`${name}: ${cause?.message ?? cause}`, { cause })))
    ),
  );
  if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join("\n"));
}
