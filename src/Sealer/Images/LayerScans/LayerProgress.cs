using Sealer.Events;

namespace Sealer.Images.LayerScans;

/// <summary>Tells the bytes read of a layer as events.</summary>
internal sealed class LayerProgress(IProgress<SealerEvent> progress, string activity, Descriptor layer) : IProgress<long>
{
    public void Report(long value) => progress.Report(new ProgressEvent(activity, layer.Digest.Short, value, layer.Size));
}
