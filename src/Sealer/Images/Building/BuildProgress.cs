using Sealer.Events;

namespace Sealer.Images.Building;

/// <summary>Bytes done as an event.</summary>
internal sealed class BuildProgress(IProgress<SealerEvent> events, string activity, string item, long total) : IProgress<long>
{
    public void Report(long value) => events.Report(new ProgressEvent(activity, item, Math.Min(value, total), total));
}
