using System.Text;
using Sealer.Images.Layers;
using Sealer.Yaml;

namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>Finds the images that one manifest names, by the structure of its documents.</summary>
internal sealed class ManifestScan
{
    private const int MaxFileSize = 64 * 1024 * 1024;

    private readonly string _file;
    private readonly string? _appName;
    private readonly ImageOrigin _origin;
    private readonly string _text;
    private readonly string _original;
    private readonly int[] _lineStarts;

    private ManifestScan(string file, string original, string text, string? appName, ImageOrigin origin)
    {
        _file = file;
        _original = original;
        _text = text;
        _appName = appName;
        _origin = origin;
        _lineStarts = LineStarts(text);
    }

    private ScanFindings Findings { get; } = new();

    /// <summary>True for the files that kubectl applies, and for sealer's templates.</summary>
    public static bool IsManifest(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".yaml" or ".yml" or ".json" or ".tmpl";

    /// <summary>Wants a file of the tree; its images are found when it is read.</summary>
    /// <returns>What will be found.</returns>
    public static ScanFindings Plan(ReadingList reading, FileTreeEntry entry, string? appName, ImageOrigin origin)
    {
        var findings = new ScanFindings();
        if (entry.Size > MaxFileSize)
        {
            findings.Warnings.Add(new ScanWarning(
                entry.Path, 0, 0, $"The file has more than {MaxFileSize / 1024 / 1024} MiB and was not searched for images."));
            return findings;
        }

        reading.Add(entry.Path, async (content, token) =>
        {
            // A byte order mark decides the encoding; UTF-8 otherwise.
            using var reader = new StreamReader(content, Encoding.UTF8);
            findings.Add(Scan(entry.Path, await reader.ReadToEndAsync(token).ConfigureAwait(false), appName, origin));
        });
        return findings;
    }

    /// <summary>Finds the images of a text.</summary>
    public static ScanFindings Scan(string file, string text, string? appName, ImageOrigin origin)
    {
        var isTemplate = file.EndsWith(".tmpl", StringComparison.OrdinalIgnoreCase) && GoTemplateText.HasActions(text);
        var scan = new ManifestScan(file, text, isTemplate ? GoTemplateText.Neutralise(text) : text, appName, origin);
        var documents = YamlDocuments.Read(scan._text);
        if (!isTemplate && documents.Broken.Count > 0 && GoTemplateText.HasActions(text))
        {
            // A template that is not called one, for example a chart's outside of its chart.
            scan = new ManifestScan(file, text, GoTemplateText.Neutralise(text), appName, origin);
            documents = YamlDocuments.Read(scan._text);
        }

        scan.Take(documents);
        return scan.Findings;
    }

    private void Take(YamlDocuments documents)
    {
        // JSON that is no Kubernetes object (a dashboard, a schema) is data; only objects are applied.
        var isJson = _file.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
        foreach (var document in documents.Documents)
        {
            if (!isJson || (document is YamlMapping mapping && mapping.FindScalar("kind") is not null))
                Visit(document, null);
        }

        foreach (var broken in documents.Broken)
        {
            Findings.Warnings.Add(new ScanWarning(
                _file, broken.Line, broken.Column,
                $"This is not valid YAML ({broken.Reason.TrimEnd('.')}); its images were searched for line by line."));
            foreach (var hit in LooseImageLines.Find(broken.Text, broken.TextLine))
                TakeScalar(hit.Key, new YamlScalar(hit.Value, hit.IsPlain, false, hit.Line, hit.Column));
        }

        Findings.Images.Sort((a, b) => a.Line != b.Line ? a.Line.CompareTo(b.Line) : a.Column.CompareTo(b.Column));
        Findings.Warnings.Sort((a, b) => a.Line != b.Line ? a.Line.CompareTo(b.Line) : a.Column.CompareTo(b.Column));
    }

    /// <summary>Visits what is really there; an alias was visited where its anchor is. Nesting is bounded by the reader.</summary>
    private void Visit(YamlNode node, YamlMapping? parent)
    {
        switch (node)
        {
            case YamlMapping mapping:
                foreach (var (key, value) in mapping.Entries)
                {
                    if (IsImageKey(key.Value))
                        TakeValue(key.Value, value, mapping);
                    Visit(value, mapping);
                }

                HintAtEnvironment(mapping);
                break;
            case YamlSequence sequence:
                foreach (var item in sequence.Items)
                    Visit(item, parent);
                break;
            case YamlScalar { IsBlock: true } block:
                HintAtEmbedded(block);
                break;
        }
    }

    private static bool IsImageKey(string key) => key.EndsWith("image", StringComparison.OrdinalIgnoreCase);

    private void TakeValue(string key, YamlNode value, YamlMapping mapping)
    {
        switch (value.Target)
        {
            // The old RBD volume's image is a disk in a Ceph pool.
            case YamlScalar when mapping.Find("monitors") is not null:
                break;
            case YamlScalar scalar:
                TakeScalar(key, scalar.Line == value.Line ? scalar : new YamlScalar(scalar.Value, scalar.IsPlain, false, value.Line, value.Column));
                break;
            case YamlMapping parts:
                TakeParts(parts, value);
                break;
        }
    }

    private void TakeScalar(string key, YamlScalar scalar)
    {
        var text = scalar.Value.Trim();
        if (text.Length == 0 || scalar.IsNull)
            return;
        var isExact = key == "image";
        if (text.Contains(GoTemplateText.Filler, StringComparison.Ordinal))
        {
            Warn(scalar, $"The image '{OriginalOf(scalar, text)}' is made by a template and was not taken. If it is needed, name it in manifests/imageList.");
            return;
        }

        if (scalar.IsNotString)
        {
            if (isExact)
                Warn(scalar, $"'{text}' is not the name of an image: YAML reads it as a number or truth value. Put it in quotes if it is a name.");
            return;
        }

        if (!ImageReference.TryParse(text, out var reference, out var reason))
        {
            if (isExact)
                Warn(scalar, $"'{text}' is not the name of an image ({reason}) and was not taken. If an image is needed here, name it in manifests/imageList.");
            return;
        }

        // sealer takes every key that ends with "image". Of fooImage keys only what cannot be much else than an image.
        if (!isExact && !key.EndsWith("image", StringComparison.Ordinal) && !IsExplicit(text))
            return;
        Found(reference, text, scalar);
    }

    /// <summary>An image in parts: <c>{registry, repository, tag, digest}</c> of many operators, <c>{reference}</c> of image volumes.</summary>
    private void TakeParts(YamlMapping parts, YamlNode at)
    {
        if (parts.FindScalar("reference") is { } whole)
        {
            TakeScalar("image", whole);
            return;
        }

        var tag = TextOf(parts, "tag");
        var digest = TextOf(parts, "digest");
        var isNamed = tag is not null || digest is not null;
        var path = TextOf(parts, "repository") ?? (isNamed ? TextOf(parts, "name") : null);
        if (path is null)
            return;
        var registry = TextOf(parts, "registry");
        var text = (registry is null ? path : $"{registry.TrimEnd('/')}/{path}")
            + (tag is null ? "" : ":" + tag)
            + (digest is null ? "" : "@" + digest);
        var place = new YamlScalar(text, false, false, at.Line, at.Column);
        if (text.Contains(GoTemplateText.Filler, StringComparison.Ordinal))
            Warn(place, "The image is made by a template and was not taken. If it is needed, name it in manifests/imageList.");
        else if (!ImageReference.TryParse(text, out var reference, out var reason))
            Warn(place, $"'{text}' is not the name of an image ({reason}) and was not taken.");
        else if (!isNamed && !IsExplicit(path))
            Warn(place, $"The image '{text}' has neither tag nor digest here and was not taken: what reads this chooses one. Name the image in manifests/imageList.");
        else
            Found(reference, text, place);
    }

    private static string? TextOf(YamlMapping mapping, string key) =>
        mapping.FindScalar(key) is { IsNull: false } scalar && scalar.Value.Trim() is { Length: > 0 } text ? text : null;

    /// <summary>True where a name has a tag or digest.</summary>
    private static bool IsExplicit(string text) =>
        text.Contains('@', StringComparison.Ordinal) || text.LastIndexOf(':') > text.LastIndexOf('/');

    /// <summary>Operators are told images in environment variables too; what they do with them is theirs, so these are only told.</summary>
    private void HintAtEnvironment(YamlMapping mapping)
    {
        if (TextOf(mapping, "name") is not { } name
            || mapping.FindScalar("value") is not { } value
            || !(name.StartsWith("RELATED_IMAGE", StringComparison.Ordinal) || name.EndsWith("IMAGE", StringComparison.Ordinal)))
            return;
        var text = value.Value.Trim();
        if (IsExplicit(text) && ImageReference.TryParse(text, out _, out _))
            Warn(value, $"The environment variable {name} names the image '{text}', which was not taken. If it is needed, name it in manifests/imageList.");
    }

    /// <summary>YAML in a text (of a ConfigMap, of an annotation) is data of somebody's; its images are only told.</summary>
    private void HintAtEmbedded(YamlScalar block)
    {
        if (!block.Value.Contains("mage", StringComparison.Ordinal))
            return;
        foreach (var hit in LooseImageLines.Find(block.Value, block.Line + 1))
        {
            if (IsExplicit(hit.Value) && ImageReference.TryParse(hit.Value, out _, out _))
            {
                Findings.Warnings.Add(new ScanWarning(
                    _file, hit.Line, 0,
                    $"A text here names the image '{hit.Value}', which was not taken. If it is needed, name it in manifests/imageList."));
            }
        }
    }

    private void Found(ImageReference reference, string text, YamlNode at) => Findings.Images.Add(new FoundImage
    {
        Reference = reference,
        Text = text,
        File = _file,
        Line = at.Line,
        Column = at.Column,
        AppName = _appName,
        Origin = _origin,
    });

    private void Warn(YamlNode at, string message) =>
        Findings.Warnings.Add(new ScanWarning(_file, at.Line, at.Column, message));

    /// <summary>What stood in the template where the neutralised text has fillers.</summary>
    private string OriginalOf(YamlScalar scalar, string text)
    {
        if (scalar.Line > _lineStarts.Length)
            return text.Replace(GoTemplateText.Filler, '?');
        var start = _text.IndexOf(text, _lineStarts[scalar.Line - 1], StringComparison.Ordinal);
        return start < 0 ? text.Replace(GoTemplateText.Filler, '?') : _original.Substring(start, text.Length);
    }

    private static int[] LineStarts(string text)
    {
        var starts = new List<int> { 0 };
        for (var i = text.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = text.IndexOf('\n', i + 1))
            starts.Add(i + 1);
        return [.. starts];
    }
}
