using System.Management.Automation;

namespace Sealer.Runner;

/// <summary>Progress on a terminal: one line an activity, below everything else, drawn anew when it changes.</summary>
internal sealed class ProgressView(TextWriter terminal, Func<int> width)
{
    private const int MaxLines = 8;
    private const int BarWidth = 20;
    private readonly List<(long Source, int Id, ProgressRecord Record)> _records = [];
    private int _shown;

    public void Show(long source, ProgressRecord record)
    {
        var index = _records.FindIndex(r => r.Source == source && r.Id == record.ActivityId);
        if (record.RecordType == ProgressRecordType.Completed)
        {
            if (index >= 0)
                _records.RemoveAt(index);
        }
        else if (index >= 0)
        {
            _records[index] = (source, record.ActivityId, record);
        }
        else
        {
            _records.Add((source, record.ActivityId, record));
        }

        Hide();
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
        terminal.Write($"\r\e[{_shown}A\e[J");
        _shown = 0;
    }

    public void Redraw()
    {
        foreach (var (_, _, record) in _records.Take(MaxLines))
        {
            terminal.Write(Line(record, width()) + "\n");
            _shown++;
        }

        terminal.Flush();
    }

    /// <summary>One line, no longer than the terminal is wide: a longer one would wrap and not be found again.</summary>
    internal static string Line(ProgressRecord record, int width)
    {
        var bar = "";
        if (record.PercentComplete >= 0)
        {
            var done = Math.Clamp(record.PercentComplete, 0, 100) * BarWidth / 100;
            bar = $" [{new string('=', done)}{new string(' ', BarWidth - done)}] {record.PercentComplete,3} %";
        }

        var left = record.SecondsRemaining > 0 ? $" {TimeSpan.FromSeconds(record.SecondsRemaining):h\\:mm\\:ss}" : "";
        var text = Words(record);
        var room = Math.Max(0, width - 1 - bar.Length - left.Length);
        return (text.Length > room ? text[..room] : text) + bar + left;
    }

    internal static string Words(ProgressRecord record)
    {
        var words = new[] { record.Activity, record.StatusDescription, record.CurrentOperation }.Where(w => !string.IsNullOrWhiteSpace(w));
        return new string([.. string.Join("  ", words).Select(c => char.IsControl(c) ? ' ' : c)]);
    }
}
