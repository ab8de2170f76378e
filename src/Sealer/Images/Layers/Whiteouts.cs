namespace Sealer.Images.Layers;

/// <summary>The names by which a layer removes what layers below it have (OCI image-spec, layer.md).</summary>
internal static class Whiteouts
{
    /// <summary><c>.wh.name</c> removes <c>name</c>.</summary>
    public const string Prefix = ".wh.";

    /// <summary>Removes all that the layers below have in its folder.</summary>
    public const string Opaque = ".wh..wh..opq";

    /// <summary>What else AUFS left in layers; means nothing.</summary>
    public const string AufsPrefix = ".wh..wh.";
}
