using Sealer.Images.Storage;

namespace Sealer.Images.Archives;

/// <summary>The <c>index.json</c> of an OCI layout that is being written.</summary>
internal sealed class OciIndexEntries
{
    public const string Layout = """{"imageLayoutVersion":"1.0.0"}""";

    private readonly object _lock = new();
    private readonly List<Descriptor> _entries = [];

    /// <summary>Adds a name, or an entry without one; a name that is there moves.</summary>
    public void Add(ImageReference? reference, Descriptor descriptor)
    {
        lock (_lock)
        {
            if (reference is null)
            {
                if (_entries.All(e => e.Digest != descriptor.Digest))
                    _entries.Add(descriptor);
                return;
            }

            var name = reference.ToString();
            _entries.RemoveAll(e => NameOf(e) == name || (NameOf(e) is null && e.Digest == descriptor.Digest));
            var annotations = new SortedDictionary<string, string>(descriptor.Annotations?.ToDictionary() ?? [], StringComparer.Ordinal);
            annotations[StoreNames.NameAnnotation] = name;
            _entries.Add(descriptor with { Annotations = annotations });
        }
    }

    /// <summary>Takes over the entries of a layout that is there.</summary>
    public void AddExisting(ImageIndex index)
    {
        lock (_lock)
            _entries.AddRange(index.Manifests);
    }

    public byte[] ToJson()
    {
        lock (_lock)
            return OciJson.Write(new ImageIndex { MediaType = MediaType.OciIndex, Manifests = _entries });
    }

    private static string? NameOf(Descriptor entry) => entry.Annotations?.GetValueOrDefault(StoreNames.NameAnnotation);
}
