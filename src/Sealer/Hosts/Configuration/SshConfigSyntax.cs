namespace Sealer.Hosts.Configuration;

/// <summary>One file of ssh_config(5) as it is written: nothing resolved, nothing matched.</summary>
/// <param name="Path">The file, as errors name it.</param>
/// <param name="Blocks">Its blocks in order; the first is what stands before any Host or Match, and may be empty.</param>
public sealed record SshConfigDocument(string Path, IReadOnlyList<SshConfigBlock> Blocks);

/// <summary>The statements that hold under one condition.</summary>
/// <param name="Condition">When they hold; null before the first Host or Match of a file.</param>
/// <param name="Statements">In order.</param>
public sealed record SshConfigBlock(SshConfigCondition? Condition, IReadOnlyList<SshConfigStatement> Statements);

/// <summary>Where something stands.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">Counted from 1.</param>
public readonly record struct SshConfigPlace(string File, int Line)
{
    /// <summary>As <c>file:line</c>.</summary>
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>What a block hangs on.</summary>
/// <param name="Place">Where its Host or Match stands.</param>
public abstract record SshConfigCondition(SshConfigPlace Place);

/// <summary><c>Host pattern...</c>: one matches, and none that begins with <c>!</c> does.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Patterns">With <c>*</c>, <c>?</c> and a leading <c>!</c>.</param>
public sealed record SshConfigHostCondition(SshConfigPlace Place, IReadOnlyList<string> Patterns) : SshConfigCondition(Place);

/// <summary><c>Match criterion...</c>: all of them hold.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Criteria">In order, which is the order they are tried in.</param>
public sealed record SshConfigMatchCondition(SshConfigPlace Place, IReadOnlyList<SshConfigCriterion> Criteria) : SshConfigCondition(Place);

/// <summary>One criterion of a Match.</summary>
/// <param name="Kind">In lower case: all, canonical, final, host, originalhost, user, localuser or exec.</param>
/// <param name="Negated">Written with <c>!</c>.</param>
/// <param name="Argument">Patterns separated by commas, or the command of exec; null where the kind has none.</param>
public sealed record SshConfigCriterion(string Kind, bool Negated, string? Argument);

/// <summary>One line of a block.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Keyword">In lower case.</param>
/// <param name="Arguments">Unquoted.</param>
public record SshConfigStatement(SshConfigPlace Place, string Keyword, IReadOnlyList<string> Arguments);

/// <summary><c>Include</c>, with the files that it found.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Arguments">As written.</param>
/// <param name="Documents">The files, in the order they count.</param>
public sealed record SshConfigInclude(SshConfigPlace Place, IReadOnlyList<string> Arguments, IReadOnlyList<SshConfigDocument> Documents)
    : SshConfigStatement(Place, "include", Arguments);
