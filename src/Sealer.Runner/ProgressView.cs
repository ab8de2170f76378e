using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace Sealer.Runner;

/// <summary>
/// Progress on a terminal: one line an activity, its parts indented below it, under everything else on the screen. Drawn
/// anew when it changes, at most ten times a second. Not safe for concurrent use.
/// </summary>
internal sealed class ProgressView(TextWriter terminal, Func<int> width, TimeProvider time)
{
    private const int MaxLines = 8;
    private const int BarWidth = 20;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    private readonly List<(long Source, ProgressRecord Record)> _records = [];
    private int _shown;
    private long _drawn;

    /// <summary>True while the cursor stands behind text that is no whole line yet: progress would tear it.</summary>
    public bool Paused { get; set; }

    public void Show(long source, ProgressRecord record)
    {
        var index = Find(source, record.ActivityId);
        if (record.RecordType == ProgressRecordType.Completed)
        {
            if (index < 0)
                return;
            _records.RemoveAt(index);
        }
        else if (index >= 0)
        {
            _records[index] = (source, record);
        }
        else
        {
            _records.Add((source, record));
        }

        // What is over goes at once; figures may wait.
        if (record.RecordType == ProgressRecordType.Completed)
            Draw();
        else
            Redraw();
    }

    /// <summary>Forgets what is under way.</summary>
    public void Clear()
    {
        Hide();
        _records.Clear();
    }

    /// <summary>Makes room for a line of text.</summary>
    public void Hide()
    {
        if (_shown == 0)
            return;
        terminal.Write(Up());
        terminal.Flush();
        _shown = 0;
    }

    /// <summary>Shows what is under way, unless it was shown a moment ago.</summary>
    public void Redraw()
    {
        if (time.GetElapsedTime(_drawn) >= Pace)
            Draw();
    }

    /// <summary>One line, no longer than the terminal is wide: a longer one would wrap and not be found again.</summary>
    internal static string Line(ProgressRecord record, bool indented, int width)
    {
        var left = record.SecondsRemaining > 0 ? string.Create(CultureInfo.InvariantCulture, $" {TimeSpan.FromSeconds(record.SecondsRemaining):h\\:mm\\:ss}") : "";
        if (record.PercentComplete >= 0)
        {
            var done = Math.Clamp(record.PercentComplete, 0, 100) * BarWidth / 100;
            // No bar where it would leave no words.
            var bar = width < BarWidth * 3 ? "" : $" [{new string('=', done)}{new string(' ', BarWidth - done)}]";
            left = string.Create(CultureInfo.InvariantCulture, $"{bar} {record.PercentComplete,3} %{left}");
        }

        // Figures stand one below the other, at the right.
        var room = Math.Max(0, width - 1 - left.Length);
        var text = CellWidth.Cut((indented ? "  " : "") + Words(record), room);
        return left.Length == 0 ? text : text + new string(' ', room - CellWidth.Of(text)) + left;
    }

    /// <summary>What a record says, on one line, without what would move the cursor.</summary>
    internal static string Words(ProgressRecord record)
    {
        var words = new[] { record.Activity, record.StatusDescription, record.CurrentOperation }.Where(w => !string.IsNullOrWhiteSpace(w));
        return new string([.. string.Join("  ", words).Select(c => char.IsControl(c) ? ' ' : c)]);
    }

    private void Draw()
    {
        if (Paused)
            return;
        _drawn = time.GetTimestamp();
        // In one piece, so that it does not flicker.
        var text = new StringBuilder(_shown > 0 ? Up() : "");
        _shown = Math.Min(_records.Count, MaxLines);
        foreach (var (record, isPart) in Ordered().Take(_shown))
            text.Append(Line(record, isPart, width())).Append('\n');
        if (text.Length == 0)
            return;
        terminal.Write(text);
        terminal.Flush();
    }

    private string Up() => $"\r\e[{_shown}A\e[J";

    private int Find(long source, int id) => _records.FindIndex(r => r.Source == source && r.Record.ActivityId == id);

    /// <summary>Parts stand below their whole, which may be told after them.</summary>
    private IEnumerable<(ProgressRecord Record, bool IsPart)> Ordered()
    {
        foreach (var (source, whole) in _records.Where(r => !IsPart(r)))
        {
            yield return (whole, false);
            foreach (var part in _records.Where(r => r.Source == source && r.Record.ParentActivityId == whole.ActivityId && IsPart(r)))
                yield return (part.Record, true);
        }
    }

    // One step deep: the part of a part stands on its own.
    private bool IsPart((long Source, ProgressRecord Record) record)
    {
        var whole = Find(record.Source, record.Record.ParentActivityId);
        return whole >= 0 && Find(record.Source, _records[whole].Record.ParentActivityId) < 0;
    }
}
