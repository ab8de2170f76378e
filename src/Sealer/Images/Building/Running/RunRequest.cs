namespace Sealer.Images.Building.Running;

/// <summary>The network that a RUN sees.</summary>
public enum RunNetwork
{
    /// <summary>The network of the machine that builds, with its name servers.</summary>
    Host,

    /// <summary>No network but loopback.</summary>
    None,
}

/// <summary>A command to run inside the files of an image.</summary>
public sealed record RunRequest
{
    /// <summary>
    /// The files of the image so far, as a folder on this machine; the command changes them. Nobody else may write there
    /// while it runs.
    /// </summary>
    public required string RootFolder { get; init; }

    /// <summary>What to run.</summary>
    public required RunCommand Command { get; init; }

    /// <summary><c>NAME=value</c> each; PATH and HOME are added where they are not given. The builder's own is never seen.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>The folder, inside, to begin in.</summary>
    public string WorkingFolder { get; init; } = "/";

    /// <summary>The network that the command sees.</summary>
    public RunNetwork Network { get; init; } = RunNetwork.Host;

    /// <summary>
    /// Files that the command wrote or touched get this time instead of the clock's, and none gets a later one; null: they
    /// keep the clock's. Folders that were there keep their times.
    /// </summary>
    public DateTimeOffset? NewestTime { get; init; }

    /// <summary>Told every line of output and error output, in the order of arrival, one at a time.</summary>
    public Action<string>? Output { get; init; }

    /// <summary>Where standard output goes, as it comes, instead of to <see cref="Output"/>, to which it goes where this is null.</summary>
    public TextWriter? StandardOutput { get; init; }

    /// <summary>
    /// True of a program that needs no rights at all: it gains none by set-user-id programs, and root's run of it has a user
    /// namespace of its own, wherever the machine allows one.
    /// </summary>
    internal bool IsConfined { get; init; }

    /// <summary>Where the instruction stands, as <c>Kubefile:LINE:COLUMN</c>; named in errors.</summary>
    public string Place { get; init; } = "RUN";
}

/// <summary>A command as RUN can write it.</summary>
public abstract record RunCommand
{
    private RunCommand()
    {
    }

    /// <summary><c>RUN a &amp;&amp; b</c>: run by <c>/bin/sh -c</c>, here-documents of the shell included.</summary>
    /// <param name="Text">The shell's input.</param>
    public sealed record Shell(string Text) : RunCommand;

    /// <summary><c>RUN ["a", "b"]</c>: run as it stands, without a shell.</summary>
    /// <param name="Arguments">The program and its arguments; at least one.</param>
    public sealed record Exec(IReadOnlyList<string> Arguments) : RunCommand;

    /// <summary><c>RUN &lt;&lt;EOF</c>: run by the interpreter its first line names (<c>#!</c>), else by <c>/bin/sh -c</c>.</summary>
    /// <param name="Text">The whole script.</param>
    public sealed record Script(string Text) : RunCommand;
}
