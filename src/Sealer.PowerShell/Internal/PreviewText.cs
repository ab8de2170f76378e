using Sealer.Images.Building;
using Sealer.Images.ContainerImages;

namespace Sealer.PowerShell;

/// <summary>What a build would do, for people to read.</summary>
internal static class PreviewText
{
    private const int InstructionWidth = 80;

    public static IEnumerable<string> Lines(BuildPreview preview) => preview.Platforms.SelectMany(Lines);

    private static IEnumerable<string> Lines(PlatformPreview platform)
    {
        yield return "";
        yield return $"{platform.Platform}{From(platform)}";
        yield return "  Instructions";
        var layers = platform.Layers.ToLookup(layer => layer.Instruction);
        foreach (var instruction in platform.Instructions)
        {
            yield return $"    {instruction.Span.Line,4}  {Short(instruction.Text)}";
            foreach (var layer in layers[instruction])
            {
                yield return $"          a layer of {Count(layer.Files, "file")}, {ByteSize.Format(layer.Bytes)}";
                foreach (var download in layer.Downloads)
                    yield return $"          downloads {download}";
            }
        }

        foreach (var line in ContainerImages(platform.ContainerImages))
            yield return line;
        foreach (var line in platform.Diagnostics.Select(diagnostic => diagnostic.ToString()).Concat(platform.Warnings))
            yield return $"  Warning: {line}";
    }

    private static string From(PlatformPreview platform) => platform.Base is null
        ? " from scratch"
        : $" from {platform.Base.ToFamiliarString()}{(platform.BaseIsKnown ? "" : ", which is not here and would be pulled; what it holds is not known yet")}";

    private static IEnumerable<string> ContainerImages(IReadOnlyList<FoundImage> images)
    {
        var groups = images.GroupBy(image => image.Reference.ToFamiliarString()).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        yield return $"  {Count(groups.Count, "container image")}";
        foreach (var group in groups)
        {
            yield return $"    {group.Key}";
            foreach (var image in group)
            {
                var app = image.AppName is null ? "" : $", application {image.AppName}";
                var archive = image.Archive is null ? "" : $", from {image.Archive}";
                yield return $"          {image.Place}{app}{archive}";
            }
        }
    }

    private static string Short(string text)
    {
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        var line = end < 0 ? text : text[..end];
        return line.Length > InstructionWidth ? line[..(InstructionWidth - 3)] + "..." : end < 0 ? line : line + " ...";
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
