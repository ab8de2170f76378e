namespace Sealer.Events;

/// <summary>Tells the bytes done of one item as events: at once, and on the thread that moved them.</summary>
/// <param name="events">Told.</param>
/// <param name="activity">As <see cref="ProgressEvent.Activity"/>.</param>
/// <param name="item">As <see cref="ProgressEvent.Item"/>.</param>
/// <param name="total">Bytes in all; more than these are never told, whatever the content turns out to have.</param>
internal sealed class ItemProgress(IProgress<SealerEvent> events, string activity, string item, long total) : IProgress<long>
{
    /// <summary>One for who listens; null where nobody does.</summary>
    public static ItemProgress? Of(IProgress<SealerEvent>? events, string activity, string item, long total) =>
        events is null ? null : new ItemProgress(events, activity, item, total);

    /// <inheritdoc/>
    public void Report(long value) => events.Report(new ProgressEvent(activity, item, Math.Min(value, total), total));
}
