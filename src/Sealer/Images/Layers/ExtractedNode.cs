namespace Sealer.Images.Layers;

/// <summary>What an extraction has put at a path: the only things it takes for its own.</summary>
internal sealed class ExtractedNode(string name, ExtractedNode? parent, LayerEntryKind kind)
{
    /// <summary>The last part of the path.</summary>
    public string Name => name;

    /// <summary>The folder it lies in; null of the root.</summary>
    public ExtractedNode? Parent => parent;

    /// <summary>What it is.</summary>
    public LayerEntryKind Kind => kind;

    /// <summary>Number of the layer that it is of, the last that named it.</summary>
    public int Layer { get; set; }

    /// <summary>True of what stands for a removal, where those are kept.</summary>
    public bool IsRemoval { get; set; }

    /// <summary>Of a folder: the mode it has at the end, or null where no layer gave one.</summary>
    public int? Mode { get; set; }

    /// <summary>Of a folder: when it was modified.</summary>
    public DateTimeOffset Modified { get; set; }

    /// <summary>Of a folder: what is in it, by folded name.</summary>
    public Dictionary<string, ExtractedNode> Children { get; } = kind == LayerEntryKind.Folder ? new(StringComparer.Ordinal) : Empty;

    private static readonly Dictionary<string, ExtractedNode> Empty = [];
}
