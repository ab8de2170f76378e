using System.Management.Automation;

namespace Sealer.Runner;

/// <summary>Progress in a log: a line when an activity begins, then one in half a minute, and one when it ends.</summary>
internal sealed class ProgressLog(TextWriter log, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private readonly Dictionary<(long Source, int Id), (long Told, string Activity)> _activities = [];

    public void Show(long source, ProgressRecord record)
    {
        var key = (source, record.ActivityId);
        var known = _activities.TryGetValue(key, out var last);
        if (record.RecordType == ProgressRecordType.Completed)
        {
            if (_activities.Remove(key))
                Tell(last.Activity + ": done");
        }
        else if (!known || last.Activity != record.Activity || time.GetElapsedTime(last.Told) >= Interval)
        {
            _activities[key] = (time.GetTimestamp(), record.Activity);
            Tell(ProgressView.Words(record) + (record.PercentComplete >= 0 ? $" {record.PercentComplete} %" : ""));
        }
    }

    private void Tell(string line)
    {
        log.Write(line + "\n");
        log.Flush();
    }
}
