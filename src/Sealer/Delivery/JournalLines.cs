namespace Sealer.Delivery;

/// <summary>A journal as text.</summary>
internal static class JournalLines
{
    /// <summary>
    /// The entries of a text. A line may be torn where a controller died in the middle of it: at the end, or before another one
    /// begins. Anywhere else something has damaged the journal, and what it says is not relied upon.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="place">Where it lies, for the error.</param>
    /// <exception cref="SealerException"><c>JournalDamaged</c>.</exception>
    public static List<JournalEntry> Read(string text, string place)
    {
        var entries = new List<JournalEntry>();
        int? torn = null;
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (line.Length == 0)
                continue;
            var entry = JournalEntry.Parse(line);
            if (torn is { } at && (entry is not null and not { Event: JournalEvent.Begun } || entry is null))
            {
                throw new SealerException(
                    "JournalDamaged", ErrorKind.InvalidContent,
                    $"The journal {place} is damaged in line {at}. Remove that file, so that what is done is found out from the hosts themselves, and make a new plan.", place);
            }

            if (entry is null)
            {
                torn = number;
                continue;
            }

            torn = null;
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>What two copies say together, in order.</summary>
    public static List<JournalEntry> Merge(IEnumerable<JournalEntry> a, IEnumerable<JournalEntry> b) =>
        [.. a.Concat(b).DistinctBy(entry => (entry.Token, entry.Number)).OrderBy(entry => entry.Token).ThenBy(entry => entry.Number)];
}
