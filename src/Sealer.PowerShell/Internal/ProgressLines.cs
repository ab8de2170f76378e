using System.Diagnostics;
using System.Management.Automation;
using Sealer.Events;

namespace Sealer.PowerShell;

/// <summary>
/// Turns the engine's stream of figures into progress lines: one for what is being done, one under it for each part at
/// hand, each told at most four times a second. What is over at once is not told: lines that flash help nobody.
/// </summary>
/// <param name="tell">Shows a record; must return at once.</param>
/// <param name="delay">How long something must take to be told.</param>
internal sealed class ProgressLines(Action<ProgressRecord> tell, TimeSpan delay)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    private readonly object _gate = new();
    private readonly Dictionary<string, Activity> _activities = new(StringComparer.Ordinal);
    private int _lastId;

    /// <summary>Takes a figure; from any thread.</summary>
    public void Report(ProgressEvent value)
    {
        lock (_gate)
        {
            if (!_activities.TryGetValue(value.Activity, out var activity))
                _activities.Add(value.Activity, activity = new Activity(value.Activity, ++_lastId));
            if (!activity.Items.TryGetValue(value.Item, out var item))
                activity.Items.Add(value.Item, item = new Item(value.Item, ++_lastId));
            item.Done = value.Done;
            item.Total = value.Total;
            item.Status = value.Status;
            if (Stopwatch.GetElapsedTime(activity.Started) >= delay)
                Show(activity, item);
        }
    }

    /// <summary>Takes all lines off the screen.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            foreach (var activity in _activities.Values)
            {
                foreach (var item in activity.Items.Values.Where(item => item.Line.Shown))
                    tell(Finished(Record(activity, item)));
                if (activity.Line.Shown)
                    tell(Finished(Record(activity)));
            }

            _activities.Clear();
        }
    }

    /// <summary>Forgets all lines: the pipeline that could show them is gone.</summary>
    public void Clear()
    {
        lock (_gate)
            _activities.Clear();
    }

    private static ProgressRecord Finished(ProgressRecord record)
    {
        record.RecordType = ProgressRecordType.Completed;
        return record;
    }

    private static ProgressRecord Record(Activity activity)
    {
        long done = 0, total = 0;
        var known = true;
        var over = activity.Items.Values.Count(item => item.Done >= item.Total);
        foreach (var item in activity.Items.Values)
        {
            done += item.Done;
            total += item.Total ?? 0;
            known &= item.Total is not null;
        }

        // What is not counted in bytes cannot be added up for people.
        var status = activity.Items.Values.Any(item => item.Status is not null) ? $"{over} of {activity.Items.Count}" : Status(done, known ? total : null);
        return new ProgressRecord(activity.Line.Id, activity.Name, status)
        {
            PercentComplete = known ? Percent(done, total) : -1,
        };
    }

    private static ProgressRecord Record(Activity activity, Item item) =>
        new(item.Line.Id, item.Name, item.Status ?? Status(item.Done, item.Total))
        {
            ParentActivityId = activity.Line.Id,
            PercentComplete = item.Total is { } total ? Percent(item.Done, total) : -1,
        };

    private static string Status(long done, long? total) =>
        total is { } all ? $"{ByteSize.Format(done)} of {ByteSize.Format(all)}" : ByteSize.Format(done);

    private static int Percent(long done, long total) => total <= 0 ? 100 : (int)Math.Clamp(done * 100.0 / total, 0, 100);

    private void Show(Activity activity, Item item)
    {
        if (item.Done >= item.Total)
        {
            // The parent's figures still need it; its own line goes.
            if (item.Line.Shown)
                tell(Finished(Record(activity, item)));
            item.Line.Shown = false;
        }
        else if (item.Line.IsDue())
        {
            tell(Record(activity, item));
        }

        if (activity.Line.IsDue())
            tell(Record(activity));
    }

    private sealed class Line(int id)
    {
        private long _last;

        public int Id { get; } = id;

        public bool Shown { get; set; }

        public bool IsDue()
        {
            if (_last != 0 && Stopwatch.GetElapsedTime(_last) < Pace)
                return false;
            _last = Stopwatch.GetTimestamp();
            Shown = true;
            return true;
        }
    }

    private sealed class Item(string name, int id)
    {
        public string Name { get; } = name;

        public Line Line { get; } = new(id);

        public long Done { get; set; }

        public long? Total { get; set; }

        public string? Status { get; set; }
    }

    private sealed class Activity(string name, int id)
    {
        public long Started { get; } = Stopwatch.GetTimestamp();

        public string Name { get; } = name;

        public Line Line { get; } = new(id);

        public Dictionary<string, Item> Items { get; } = new(StringComparer.Ordinal);
    }
}
