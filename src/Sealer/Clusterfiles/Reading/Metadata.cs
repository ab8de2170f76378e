using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>What every document begins with.</summary>
/// <param name="Name">Its name; null where there is none.</param>
/// <param name="Node">The name's place.</param>
/// <param name="Annotations">Its annotations.</param>
internal sealed record Metadata(string? Name, YamlNode Node, IReadOnlyDictionary<string, string> Annotations)
{
    public static Metadata Read(Fields document)
    {
        document.Ignore("apiVersion", "kind", "status");
        if (document.Map("metadata") is not { } fields)
            return new Metadata(null, document.Node, new Dictionary<string, string>());

        // What a Kubernetes object may carry besides, and what sealer's documentation once misspelled.
        fields.Ignore(
            "namespace", "labels", "annotation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
            "resourceVersion", "uid", "selfLink", "generateName", "finalizers", "ownerReferences", "managedFields", "clusterName");
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in fields.TextMap("annotations"))
            annotations[key.Value] = value.Value;
        var name = fields.Scalar("name");
        fields.Finish();
        return new Metadata(string.IsNullOrEmpty(name?.Value) ? null : name.Value, name ?? fields.At("name"), annotations);
    }
}
