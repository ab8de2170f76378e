using System.Globalization;
using System.Management.Automation;

namespace Sealer.Runner;

/// <summary>
/// Progress in a log: nothing of what is quick; a line once an activity has taken ten seconds, then one in half a minute, and
/// one at its end. Parts of an activity are not told. Not safe for concurrent use.
/// </summary>
internal sealed class ProgressLog(TextWriter log, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private readonly Dictionary<(long Source, int Id), Activity> _activities = [];

    public void Show(long source, ProgressRecord record)
    {
        if (record.ParentActivityId >= 0)
            return;
        var key = (source, record.ActivityId);
        var now = time.GetTimestamp();
        if (!_activities.TryGetValue(key, out var activity) || activity.Name != record.Activity)
            _activities[key] = activity = new Activity(record.Activity, now);
        if (record.RecordType == ProgressRecordType.Completed)
        {
            _activities.Remove(key);
            if (activity.Told is not null)
                Tell(string.Create(CultureInfo.InvariantCulture, $"{activity.Name}: done in {time.GetElapsedTime(activity.Begun, now).TotalSeconds:0} s"));
        }
        else if (time.GetElapsedTime(activity.Told ?? activity.Begun, now) >= (activity.Told is null ? Patience : Interval))
        {
            activity.Told = now;
            Tell(ProgressView.Words(record) + (record.PercentComplete >= 0 ? string.Create(CultureInfo.InvariantCulture, $"  {record.PercentComplete} %") : ""));
        }
    }

    private void Tell(string line)
    {
        log.Write(line + "\n");
        log.Flush();
    }

    private sealed class Activity(string name, long begun)
    {
        public string Name { get; } = name;

        public long Begun { get; } = begun;

        public long? Told { get; set; }
    }
}
