namespace Sealer.Images.Building.Running;

/// <summary><c>RunNotSupported</c>: this machine cannot run containers.</summary>
public sealed class RunNotSupportedException : SealerException
{
    internal RunNotSupportedException(string place, string reason)
        : base(
            "RunNotSupported",
            ErrorKind.NotSupported,
            $"{place}: RUN cannot be carried out here: {reason}. Build on Linux, as root or with user namespaces allowed, with crun or runc installed; or do the work before the build and COPY the result.",
            place) => Reason = PlainText.Of(reason);

    /// <summary>Why, without place and full stop.</summary>
    public string Reason { get; }
}
