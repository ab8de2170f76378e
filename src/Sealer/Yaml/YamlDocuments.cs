using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Sealer.Yaml;

/// <summary>A part of a YAML file that could not be read, with the place of the mistake.</summary>
/// <param name="Line">Of the mistake, counted from 1 in the file.</param>
/// <param name="Column">Of the mistake.</param>
/// <param name="Reason">What is wrong, without a place.</param>
/// <param name="Text">The part's text.</param>
/// <param name="TextLine">The line on which the part begins.</param>
internal sealed record BrokenDocument(int Line, int Column, string Reason, string Text, int TextLine);

/// <summary>
/// Reads the documents of a YAML text one by one, so that a broken one costs only itself. Nesting and the number of nodes
/// are bounded, so that no text takes more than a fixed multiple of its size.
/// </summary>
internal sealed class YamlDocuments
{
    private const int MaxDepth = 128;
    private const int MaxNodes = 2_000_000;

    private readonly int _maxNodes;
    private int _nodes;

    private YamlDocuments(int maxNodes) => _maxNodes = maxNodes;

    /// <summary>The documents that could be read, in order.</summary>
    public List<YamlNode> Documents { get; } = [];

    /// <summary>The parts that could not.</summary>
    public List<BrokenDocument> Broken { get; } = [];

    public static YamlDocuments Read(string text, int maxNodes = MaxNodes)
    {
        var result = new YamlDocuments(maxNodes);
        foreach (var (part, line) in Split(text))
            result.ReadPart(part, line);
        return result;
    }

    /// <summary>
    /// The parts that begin at <c>---</c> in the first column, which ends whatever YAML was open before it: the rule that
    /// kubectl goes by too.
    /// </summary>
    private static IEnumerable<(string Text, int Line)> Split(string text)
    {
        int start = 0, startLine = 1, line = 1;
        for (var i = 0; i < text.Length;)
        {
            if (i > start && IsSeparator(text, i))
            {
                if (HasContent(text.AsSpan(start, i - start)))
                    yield return (text[start..i], startLine);
                (start, startLine) = (i, line);
            }

            var end = text.IndexOf('\n', i);
            i = end < 0 ? text.Length : end + 1;
            line++;
        }

        if (HasContent(text.AsSpan(start)))
            yield return (text[start..], startLine);
    }

    private static bool IsSeparator(string text, int at) =>
        string.CompareOrdinal(text, at, "---", 0, 3) == 0
        && (at + 3 == text.Length || text[at + 3] is ' ' or '\t' or '\r' or '\n');

    private static bool HasContent(ReadOnlySpan<char> part)
    {
        foreach (var line in part.EnumerateLines())
        {
            var trimmed = line.Trim();
            if (trimmed.Length > 0 && trimmed[0] is not ('#' or '%') && trimmed is not "---")
                return true;
        }

        return false;
    }

    private void ReadPart(string text, int firstLine)
    {
        var before = Documents.Count;
        var mark = Mark.Empty;
        try
        {
            var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
            var builder = new TreeBuilder(this, firstLine - 1);
            while (parser.MoveNext())
            {
                mark = parser.Current!.Start;
                builder.Add(parser.Current);
            }
        }
        catch (Exception e) when (e is YamlException or ArgumentException or InvalidOperationException or OverflowException)
        {
            // What was read of the part is read again by the caller's tolerant way; nothing must be there twice.
            Documents.RemoveRange(before, Documents.Count - before);
            var place = e is YamlException { Start.Line: > 0 } yaml ? yaml.Start : mark;
            Broken.Add(new BrokenDocument(
                (int)Math.Max(place.Line, 1) + firstLine - 1,
                (int)place.Column,
                e.InnerException?.Message ?? e.Message,
                text,
                firstLine));
        }
    }

    /// <summary>Makes nodes of events; keeps its own stack, so that no nesting can exhaust the thread's.</summary>
    private sealed class TreeBuilder(YamlDocuments owner, int lineOffset)
    {
        private readonly Stack<(YamlNode Node, YamlScalar? Key)> _open = new();
        private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);

        public void Add(ParsingEvent parsed)
        {
            var line = (int)parsed.Start.Line + lineOffset;
            var column = (int)parsed.Start.Column;
            switch (parsed)
            {
                case DocumentStart:
                    _anchors.Clear();
                    break;
                case Scalar scalar:
                    var isBlock = scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded;
                    Place(new YamlScalar(scalar.Value, scalar.Style == ScalarStyle.Plain, isBlock, line, column), scalar.Anchor);
                    break;
                case AnchorAlias alias:
                    Place(new YamlAlias(_anchors.GetValueOrDefault(alias.Value.Value), line, column), AnchorName.Empty);
                    break;
                case MappingStart start:
                    Open(new YamlMapping(line, column), start.Anchor);
                    break;
                case SequenceStart start:
                    Open(new YamlSequence(line, column), start.Anchor);
                    break;
                case MappingEnd or SequenceEnd:
                    _open.Pop();
                    break;
            }
        }

        private void Open(YamlNode node, AnchorName anchor)
        {
            if (_open.Count == MaxDepth)
                throw new InvalidOperationException($"it is nested more than {MaxDepth} levels deep");
            Place(node, anchor);
            _open.Push((node, null));
        }

        private void Place(YamlNode node, AnchorName anchor)
        {
            if (++owner._nodes > owner._maxNodes)
                throw new InvalidOperationException($"the file has more than {owner._maxNodes} values");
            if (!anchor.IsEmpty)
                _anchors[anchor.Value] = node;
            if (_open.Count == 0)
            {
                owner.Documents.Add(node);
                return;
            }

            var (parent, key) = _open.Peek();
            if (parent is YamlSequence sequence)
            {
                sequence.Items.Add(node);
            }
            else if (key is null)
            {
                // A key that is no scalar is legal YAML and never Kubernetes; its place is kept, its text is not.
                _open.Pop();
                _open.Push((parent, node.Target as YamlScalar ?? new YamlScalar("", false, false, node.Line, node.Column)));
            }
            else
            {
                ((YamlMapping)parent).Entries.Add(new(key, node));
                _open.Pop();
                _open.Push((parent, null));
            }
        }
    }
}
